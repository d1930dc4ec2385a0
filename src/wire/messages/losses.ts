/** What of a Messages request the exchange has no place for, gathered while it is read. */
import type { ChatRequest } from '../exchange.ts'

export class Losses {
  readonly dropped: string[] = []
  nativeOnly: ChatRequest['nativeOnly']

  drop(param: string): void {
    this.dropped.push(param)
  }

  /** Only a backend of this protocol can do it; the first such reason is told. */
  needNative(param: string, why: string): void {
    this.nativeOnly ??= { param, why }
  }
}
