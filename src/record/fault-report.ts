/** Store faults in the log: a line when they begin and one when they end, not one for each batch. */

export interface RecordLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface FaultReport {
  readonly failed: (error: unknown) => void
  readonly succeeded: () => void
  readonly isFailing: () => boolean
}

/** Says once that the store fails, and once that it is back, however many batches lie between. */
export function createFaultReport(log: RecordLog, what = 'request records'): FaultReport {
  let failing = false
  return {
    failed(error) {
      if (failing) return
      failing = true
      log.warn({ err: error instanceof Error ? error.message : 'unknown' }, `${what} cannot be stored`)
    },
    succeeded() {
      if (failing) log.info({}, `${what} are stored again`)
      failing = false
    },
    isFailing: () => failing,
  }
}
