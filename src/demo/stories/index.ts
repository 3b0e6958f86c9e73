/** The registry of stories: one file a story and one line here. */
import { fraud } from './fraud.ts';
import { housing } from './housing.ts';
import { inspection } from './inspection.ts';
import type { Story } from './story.ts';
import { voiceSearch } from './voice-search.ts';

export type { Story, StoryRecord } from './story.ts';
export { DISORDER_MS_MAX } from './story.ts';

export const STORIES: readonly Story[] = [fraud, housing, voiceSearch, inspection];
