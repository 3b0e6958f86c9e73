import type { CommandModule } from './command.ts';
import { registerList } from './dead/list.ts';
import { registerReplay } from './dead/replay.ts';

/** `telltale dead list|replay`: the records that were put aside, and how they come back after the cure. */
export const deadCommand: CommandModule = {
  register(program, cli) {
    const dead = program.command('dead').description('Show or replay records that were put aside.');
    registerList(dead, cli);
    registerReplay(dead, cli);
  },
};
