import { RequestQueue } from './kafkajs-internals.ts';

let patched = false;

/**
 * Every idle connection of kafkajs wakes the process about 900 times a second: the check of its waiting requests arms
 * itself again with a negative delay (tulios/kafkajs#1704), and Node 24 warns of each. With nothing waiting there is
 * nothing to check, since a request that has to wait arms the check itself. Calling it again does nothing.
 */
export function patchRequestQueue(): void {
  if (patched) return;
  patched = true;
  const { prototype } = RequestQueue;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: typeof prototype) {
    if (this.pending.length > 0) schedule.call(this);
  };
}
