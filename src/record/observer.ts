/** What learns of each record as it is made: counters, latencies. Must be quick. */
import type { RequestRecord, ShadowRecord } from './request-record.ts'

export interface RecordObserver {
  observeRequest(record: RequestRecord): void
  observeShadow(record: ShadowRecord): void
}
