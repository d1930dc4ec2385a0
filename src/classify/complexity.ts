import type { Complexity } from './classification.ts'
import type { TaskReading } from './task.ts'
export function scoreComplexity(text: string, _reading: TaskReading): { score: number; level: Complexity } {
  const score = Math.min(1, text.length / 2000)
  return { score, level: score < 0.1 ? 'low' : score > 0.6 ? 'high' : 'medium' }
}
