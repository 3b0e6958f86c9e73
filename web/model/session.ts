/** Who looks, and what they may do. */

import { computed, signal } from '@preact/signals';
import { ApiError, get, send } from './api.ts';

export interface Session {
  user: string;
  role: 'viewer' | 'operator' | 'caller';
  auth: 'none' | 'token' | 'proxy';
  csrf: string;
}

/** Null: not known yet. `out`: nobody has signed in, and how it is done. */
export const session = signal<Session | { out: string; auth: string } | null>(null);
export const person = computed(() =>
  session.value !== null && 'user' in session.value ? session.value : null,
);
export const mayCommand = computed(() => person.value?.role === 'operator');

export async function readSession(): Promise<void> {
  try {
    session.value = await get<Session>('/api/session');
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    session.value = { out: error.cure, auth: error.auth };
  }
}

export async function signIn(token: string): Promise<void> {
  session.value = await send<Session>('POST', '/api/session', '', { token });
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/api/session', person.value?.csrf ?? '');
  window.location.assign('/');
}
