/**
 * Whether a text fits a pattern in which `*` stands for any run of characters, none too, and all else for itself. Takes
 * time in proportion to the text.
 *
 * No regular expression: several `*` make one that goes back over the text again and again.
 */
export function createWildcard(pattern: string): (text: string) => boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return (text) => text === pattern;
  return (text) => {
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    // The first place is the best: it leaves the most for the parts that follow.
    let at = first.length;
    for (const part of others) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}
