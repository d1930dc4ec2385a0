/** Does a route's `match` hold for a request's tags? A conjunction; a list holds when any of its values does. */
import { type Classification, FINE_TASKS, type Task } from '../classify/classification.ts'
import type { Match, Policy, Route } from './policy.ts'

const fineTasks: ReadonlySet<Task> = new Set(FINE_TASKS)

/** By the finer name, or by `general`, which covers those: a policy of the six tasks leaves no request out (SPEC 9.3). */
export function taskMatches(wanted: readonly Task[], task: Task, fineTask: Task = task): boolean {
  if (wanted.includes(task) || wanted.includes(fineTask)) return true
  return fineTasks.has(task) && wanted.includes('general')
}

export function matches(match: Match, tags: Classification): boolean {
  const { task, complexity, sensitivity, modality, family, tokens } = match
  return (
    (task === undefined || taskMatches(task, tags.task, tags.fineTask)) &&
    (complexity === undefined || complexity.includes(tags.complexity)) &&
    (sensitivity === undefined || sensitivity.includes(tags.sensitivity)) &&
    (modality === undefined || modality.includes(tags.modality)) &&
    (family === undefined || family.includes(tags.family)) &&
    (tokens === undefined || (tokens.min <= tags.tokens && tags.tokens <= tokens.max))
  )
}

/** The first route from the top that matches; null only for a policy without a default. */
export function firstMatch(policy: Policy, tags: Classification): Route | null {
  return policy.routes.find((route) => route.match === null || matches(route.match, tags)) ?? null
}

const TAGS = ['task', 'complexity', 'sensitivity', 'modality', 'family'] as const

/** Why this route, in the words of the policy; used when the route gives no reason of its own. */
export function describeMatch(route: Route, tags: Classification): string {
  const { match } = route
  if (match === null) return 'default: no earlier route matched'
  const { task } = match
  // Named as the route names it: by the finer task only where that is what it asks for.
  const named = { ...tags, task: task?.includes(tags.fineTask) === true ? tags.fineTask : tags.task }
  const parts = TAGS.filter((tag) => match[tag] !== undefined).map((tag) => `${tag} ${named[tag]}`)
  if (match.tokens !== undefined) parts.push(`about ${tags.tokens} tokens`)
  return parts.length === 0 ? 'this route matches everything' : `matched ${parts.join(', ')}`
}
