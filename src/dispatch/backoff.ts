/** How long to wait before a further try: by our own drawing, or by what the backend asked for. */

const BASE_MS = 250
const CAP_MS = 4000
const MAX_RETRY_AFTER_SECONDS = 600

/** Full jitter: anything from 0 to a bound that doubles with each retry. The first one is number 0. */
export function backoffMs(retry: number, random: () => number): number {
  return Math.floor(random() * Math.min(CAP_MS, BASE_MS * 2 ** retry))
}

/**
 * Whole seconds to wait from a `Retry-After` (RFC 9110, 10.2.3); undefined for what is neither a number of seconds
 * nor a date. A date that has passed is 0; nothing is more than ten minutes.
 */
export function parseRetryAfter(value: string | undefined, nowEpochMs: number): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text), MAX_RETRY_AFTER_SECONDS)
  const seconds = Math.ceil((httpDateEpochMs(text) - nowEpochMs) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, seconds), MAX_RETRY_AFTER_SECONDS)
}

/** The three forms of RFC 9110, 5.6.7. `Date.parse` alone would take "1.5" and "-1" for dates too. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/
const RFC_850 = /^[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/

/** NaN for what is no date. */
export function httpDateEpochMs(text: string): number {
  if (HTTP_DATE.test(text) || RFC_850.test(text)) return Date.parse(text)
  return ASCTIME.test(text) ? Date.parse(`${text} GMT`) : Number.NaN
}
