/** What outlives a reload reads of the policy that serves now. */
import type { Config } from './config.ts'
import type { AbReportPolicy } from './record/ab-report.ts'
import type { RecordsSettings } from './record/settings.ts'

/** Retention and pace of the policy that serves now: what keeps records outlives a reload. */
export function liveRecords(current: () => RecordsSettings): RecordsSettings {
  return {
    get maxDays() {
      return current().maxDays
    },
    get maxRows() {
      return current().maxRows
    },
    get flushIntervalMs() {
      return current().flushIntervalMs
    },
  }
}

/** One object a policy: the report is remembered by it. */
export function abPolicyOf({ policy, verdict, prices }: Config): AbReportPolicy {
  const declared = Object.entries(prices).filter(([, price]) => price !== null)
  return { ab: policy.ab, verdict, prices: Object.fromEntries(declared) as AbReportPolicy['prices'] }
}
