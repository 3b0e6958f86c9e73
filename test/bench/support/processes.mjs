// What a process and its children have used, from /proc (Linux only).
import { readFileSync } from 'node:fs';

/** Length of a tick of /proc/PID/stat: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICK_US = 10_000;

function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** User and system time of a process with all its threads, in microseconds; 0 when it has gone. */
export function cpuUsOf(pid) {
  const stat = readProc(pid, 'stat');
  // The name in parentheses may hold blanks; utime and stime are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' ? 0 : (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

export const childrenOf = (pid) =>
  readProc(pid, `task/${pid}/children`)
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);

/** MB of 10^6 bytes of a line of /proc/PID/status. */
function statusMbOf(pid, name) {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readProc(pid, 'status'));
  return found === null ? 0 : (Number(found[1]) * 1024) / 1e6;
}

/** Largest resident set that the process has ever had. */
export const peakMbOf = (pid) => statusMbOf(pid, 'VmHWM');

/** Resident set now. */
export const rssMbOf = (pid) => statusMbOf(pid, 'VmRSS');

/** CPU of a process and of its children now, by process id. */
export const sample = (pid) => ({
  atMs: performance.now(),
  main: cpuUsOf(pid),
  children: new Map(childrenOf(pid).map((child) => [child, cpuUsOf(child)])),
});

/** What was used between two samples. A child that came in between counts from its start. */
export function usedBetween(before, after, records) {
  let shadowUs = 0;
  for (const [child, us] of after.children) shadowUs += us - (before.children.get(child) ?? 0);
  const mainUs = after.main - before.main;
  return {
    mainUs: mainUs / records,
    shadowUs: shadowUs / records,
    cpuUs: (mainUs + shadowUs) / records,
    perSecond: (records * 1000) / (after.atMs - before.atMs),
  };
}
