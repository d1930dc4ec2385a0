/** The load generator as a process: one job in, its result out. */
import { runLoad, type LoadJob } from '../load.ts'

process.on('message', (job) => {
  void runLoad(job as LoadJob).then((result) => process.send?.(result))
})
process.on('disconnect', () => process.exit())
process.send?.({ origin: '' })
