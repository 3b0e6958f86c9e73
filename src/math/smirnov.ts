/** How likely two samples of one law have distribution functions so far apart. */

/**
 * P(D >= d) of two samples without ties, exact: paths from (0, 0) to (m, n) that touch |i / m - j / n| >= d, counted column by
 * column (J. L. Hodges 1958). All terms are positive, so small values are exact too. Takes m n steps.
 */
export function smirnovTail(d: number, m: number, n: number): number {
  // Distances are whole multiples of 1 / (m n); rounding must not lose the one that was found.
  const least = d * m * n - 0.5;
  if (least <= 0) return 1;
  const column = new Float64Array(n + 1);
  for (let i = 0; i <= m; i++) {
    for (let j = 0; j <= n; j++) {
      if (Math.abs(i * n - j * m) >= least) column[j] = 1;
      else if (i === 0 || j === 0) column[j] = i === 0 && j === 0 ? 0 : j === 0 ? column[0]! : column[j - 1]!;
      // Of all paths to (i, j) the share i / (i + j) comes from the left.
      else column[j] = (i * column[j]! + j * column[j - 1]!) / (i + j);
    }
  }
  return column[n]!;
}

/** Below, the tail is 1 to twelve digits. */
const KOLMOGOROV_MIN = 0.2;

/** P(K >= x) of the limit law of sqrt(n m / (n + m)) D (A. N. Kolmogorov 1933). */
export function kolmogorovTail(x: number): number {
  if (x < KOLMOGOROV_MIN) return 1;
  let sum = 0;
  for (let k = 1; ; k++) {
    const term = 2 * Math.exp(-2 * (k * x) ** 2);
    sum += k % 2 === 1 ? term : -term;
    if (term <= 1e-17 * sum) return Math.min(1, Math.max(0, sum));
  }
}

/**
 * Below n d^2 = 1 both sides of a distribution function may pass d together, which doubling counts twice: by less than 0.3 %
 * above.
 */
const ONE_SIDE_MIN = 1;

/**
 * P(D >= d) of a sample of n values against its law, from above: twice the one-sided law d sum C(n, j) (d + j/n)^(j-1) (1 - d -
 * j/n)^(n-j) (N. V. Smirnov 1944; Z. W. Birnbaum, F. H. Tingey 1951), which is exact from d = 1/2 on. Takes n steps.
 */
export function smirnovOneSampleTail(d: number, n: number): number {
  if (n * d * d < ONE_SIDE_MIN) return kolmogorovTail(d * Math.sqrt(n));
  let sum = (1 - d) ** n;
  let logChoose = 0;
  for (let j = 1; 1 - d - j / n > 0; j++) {
    logChoose += Math.log((n - j + 1) / j);
    sum += d * Math.exp(logChoose + (j - 1) * Math.log(d + j / n) + (n - j) * Math.log(1 - d - j / n));
  }
  return Math.min(1, 2 * sum);
}
