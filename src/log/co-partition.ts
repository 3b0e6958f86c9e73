/** Which member of a group reads which partitions: co-partitioned, balanced and sticky. Pure. */

/** A member as it described itself when it joined. */
export interface GroupMemberClaim {
  id: string;
  topics: readonly string[];
  /** Of the assignment that `owned` comes from; of two claims to a partition the later one holds. */
  generation: number;
  owned: ReadonlyMap<string, readonly number[]>;
}

/** Member id -> topic -> partitions in rising order; every member is in it. */
export type GroupAssignment = Map<string, Map<string, number[]>>;

/** What moves as a whole: the partitions of one number, of the topics that the same members subscribe to. */
interface Lane {
  partition: number;
  topics: readonly string[];
  eligible: readonly string[];
  owner: string | null;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Assigns every partition of every subscribed topic to one member that subscribes to it.
 *
 * - Co-partitioned: of topics that the same members subscribe to, all partitions of one number go to one member.
 * - Balanced: where a member could take a lane from another, the other has at most that lane more than it.
 * - Sticky: a lane moves only when its owner is gone, or when the move brings the loads nearer to each other.
 * - The order of the members does not matter.
 */
export function assignPartitions(
  members: readonly GroupMemberClaim[],
  counts: ReadonlyMap<string, number>,
): GroupAssignment {
  const sorted = [...members].sort((a, b) => byText(a.id, b.id));
  const lanes = lanesOf(sorted, counts);
  const loads = new Map(sorted.map(({ id }) => [id, 0]));
  keepOwners(lanes, sorted, loads);
  giveOutOrphans(lanes, loads);
  while (moveBest(lanes, loads));
  const result: GroupAssignment = new Map(sorted.map(({ id }) => [id, new Map()]));
  for (const { partition, topics, owner } of lanes) {
    const mine = result.get(owner!)!;
    for (const topic of topics) mine.set(topic, [...(mine.get(topic) ?? []), partition]);
  }
  return result;
}

function lanesOf(sorted: readonly GroupMemberClaim[], counts: ReadonlyMap<string, number>): Lane[] {
  const classes = new Map<string, { eligible: string[]; topics: string[] }>();
  for (const topic of [...new Set(sorted.flatMap(({ topics }) => topics))].sort(byText)) {
    const eligible = sorted.filter(({ topics }) => topics.includes(topic)).map(({ id }) => id);
    const key = JSON.stringify(eligible);
    const found = classes.get(key) ?? { eligible, topics: [] };
    found.topics.push(topic);
    classes.set(key, found);
  }
  const lanes: Lane[] = [];
  for (const { eligible, topics } of classes.values()) {
    const countMax = Math.max(...topics.map((topic) => counts.get(topic) ?? 0));
    for (let partition = 0; partition < countMax; partition++) {
      const reaching = topics.filter((topic) => (counts.get(topic) ?? 0) > partition);
      lanes.push({ partition, topics: reaching, eligible, owner: null });
    }
  }
  // Heavy lanes first, so that light ones level what is left.
  return lanes.sort((a, b) => b.topics.length - a.topics.length || a.partition - b.partition);
}

/** A lane stays with the member that holds most of it. */
function keepOwners(
  lanes: readonly Lane[],
  sorted: readonly GroupMemberClaim[],
  loads: Map<string, number>,
): void {
  const holders = new Map<string, { id: string; generation: number }>();
  for (const { id, generation, owned } of sorted) {
    for (const [topic, partitions] of owned) {
      for (const partition of partitions) {
        const key = `${topic}/${partition}`;
        const other = holders.get(key);
        if (other === undefined || other.generation < generation) holders.set(key, { id, generation });
      }
    }
  }
  for (const lane of lanes) {
    const held = new Map<string, number>();
    for (const topic of lane.topics) {
      const id = holders.get(`${topic}/${lane.partition}`)?.id;
      if (id !== undefined) held.set(id, (held.get(id) ?? 0) + 1);
    }
    let most = 0;
    for (const id of lane.eligible) {
      const count = held.get(id) ?? 0;
      if (count <= most) continue;
      most = count;
      lane.owner = id;
    }
    if (lane.owner !== null) add(loads, lane.owner, lane.topics.length);
  }
}

function giveOutOrphans(lanes: readonly Lane[], loads: Map<string, number>): void {
  for (const lane of lanes) {
    if (lane.owner !== null) continue;
    const near = new Set(
      lanes.filter((other) => other.partition === lane.partition).map(({ owner }) => owner),
    );
    lane.owner = leastLoaded(lane, loads, near);
    add(loads, lane.owner, lane.topics.length);
  }
}

/** Among equals, a member that has other topics of the same partition number. */
function leastLoaded(
  { eligible }: Lane,
  loads: ReadonlyMap<string, number>,
  near: ReadonlySet<string | null>,
): string {
  let best = eligible[0]!;
  for (const id of eligible) {
    const less = loads.get(id)! - loads.get(best)!;
    if (less < 0 || (less === 0 && near.has(id) && !near.has(best))) best = id;
  }
  return best;
}

/** Makes the one move that levels the loads most; false when none does. The sum of the squared loads falls, so it ends. */
function moveBest(lanes: readonly Lane[], loads: Map<string, number>): boolean {
  let best: { lane: Lane; to: string } | null = null;
  let bestGain = 0;
  for (const lane of lanes) {
    const to = leastLoaded(lane, loads, new Set());
    const weight = lane.topics.length;
    const gain = weight * (loads.get(lane.owner!)! - loads.get(to)! - weight);
    if (gain <= bestGain) continue;
    best = { lane, to };
    bestGain = gain;
  }
  if (best === null) return false;
  const { lane, to } = best;
  add(loads, lane.owner!, -lane.topics.length);
  add(loads, to, lane.topics.length);
  lane.owner = to;
  return true;
}

function add(loads: Map<string, number>, id: string, weight: number): void {
  loads.set(id, loads.get(id)! + weight);
}
