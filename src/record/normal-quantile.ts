/**
 * The value below which a share of the normal distribution lies: P. J. Acklam's rational approximation (2003), good
 * to nine digits.
 */
const CENTRE_NUMERATOR = [
  -39.6968302866538, 220.946098424521, -275.928510446969, 138.357751867269, -30.6647980661472,
  2.50662827745924,
]
const CENTRE_DENOMINATOR = [
  -54.4760987982241, 161.585836858041, -155.698979859887, 66.8013118877197, -13.2806815528857, 1,
]
const TAIL_NUMERATOR = [
  -0.00778489400243029, -0.322396458041136, -2.40075827716184, -2.54973253934373, 4.37466414146497,
  2.93816398269878,
]
const TAIL_DENOMINATOR = [0.00778469570904146, 0.32246712907004, 2.445134137143, 3.75440866190742, 1]
const TAIL = 0.02425

export function normalQuantile(share: number): number {
  if (share < TAIL) return lowerTail(share)
  if (share > 1 - TAIL) return -lowerTail(1 - share)
  const q = share - 0.5
  const r = q * q
  return (q * horner(CENTRE_NUMERATOR, r)) / horner(CENTRE_DENOMINATOR, r)
}

function lowerTail(share: number): number {
  const q = Math.sqrt(-2 * Math.log(share))
  return horner(TAIL_NUMERATOR, q) / horner(TAIL_DENOMINATOR, q)
}

function horner(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)
}
