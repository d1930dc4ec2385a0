/** Who waits for a backend, and whose turn it is. */

export const PRIORITIES = ['interactive', 'batch', 'shadow'] as const
export type Priority = (typeof PRIORITIES)[number]

/**
 * Interactive calls that may go before a waiting batch call, one after the other; then it is batch's turn. So
 * the n-th waiting batch call is let in after at most 5 n admissions, however much interactive traffic there is.
 */
const BATCH_PATIENCE = 4

interface Waiting {
  readonly priority: Priority
}

export interface AdmissionQueue<Entry extends Waiting> {
  readonly counts: () => Readonly<Record<Priority, number>>
  /** How many go before a newcomer of this class. */
  ahead(priority: Priority): number
  push(entry: Entry): void
  remove(entry: Entry): void
  /** Takes out the entry whose turn it is. */
  next(): Entry | undefined
  /**
   * Takes out the entry that a full queue gives up for a newcomer: the last one of a lower class. Batch keeps
   * `batchPlaces`, or it would only ever wait to be pushed out.
   */
  giveUp(newcomer: Priority, batchPlaces: number): Entry | undefined
  all(): readonly Entry[]
}

export function createAdmissionQueue<Entry extends Waiting>(): AdmissionQueue<Entry> {
  const classes = { interactive: new Set<Entry>(), batch: new Set<Entry>(), shadow: new Set<Entry>() }
  const { interactive, batch, shadow } = classes
  /** Interactive calls let in while batch waited, since its last turn. */
  let passed = 0

  return {
    counts: () => ({ interactive: interactive.size, batch: batch.size, shadow: shadow.size }),
    ahead(priority) {
      if (priority === 'shadow') return interactive.size + batch.size + shadow.size
      if (priority === 'batch') return interactive.size + batch.size
      return interactive.size + Math.min(batch.size, Math.floor((interactive.size + passed) / BATCH_PATIENCE))
    },
    push: (entry) => void classes[entry.priority].add(entry),
    remove: (entry) => void classes[entry.priority].delete(entry),
    next() {
      const isBatchsTurn = batch.size > 0 && (interactive.size === 0 || passed >= BATCH_PATIENCE)
      const line = isBatchsTurn ? batch : interactive.size > 0 ? interactive : shadow
      passed = line === interactive && batch.size > 0 ? passed + 1 : 0
      return take(line, first(line))
    },
    giveUp(newcomer, batchPlaces) {
      if (newcomer === 'shadow') return undefined
      if (shadow.size > 0) return take(shadow, [...shadow].at(-1))
      const isBatchInTheWay = newcomer === 'interactive' && batch.size > batchPlaces
      return isBatchInTheWay ? take(batch, [...batch].at(-1)) : undefined
    },
    all: () => [...interactive, ...batch, ...shadow],
  }
}

function first<Entry>(line: ReadonlySet<Entry>): Entry | undefined {
  return line.values().next().value
}

function take<Entry>(line: Set<Entry>, entry: Entry | undefined): Entry | undefined {
  if (entry !== undefined) line.delete(entry)
  return entry
}
