/** Halvings that bring an interval of length 1 down to the spacing of doubles. */
const HALVINGS = 60;

/** Between `inside`, where `holds` is true, and `outside` the last place where it is, by bisection: it holds up to there and nowhere beyond. */
export function borderOf(inside: number, outside: number, holds: (at: number) => boolean): number {
  if (holds(outside)) return outside;
  let [from, to] = [inside, outside];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (from + to) / 2;
    if (holds(middle)) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}
