/** `llr check [policy]`: is this policy right, and what does it say? */
import { ConfigError, loadConfigFile, renderProblem, type Config } from '../src/config.ts'
import { modelsOf } from '../src/decide/model.ts'
import type { Match, Route } from '../src/decide/policy.ts'

interface Output {
  write(text: string): void
}

export interface CheckOptions {
  readonly path: string
  readonly json?: boolean
}

function tokensText({ min, max }: NonNullable<Match['tokens']>): string {
  return max === Number.POSITIVE_INFINITY ? `tokens from ${min}` : `tokens ${min} to ${max}`
}

function matchText(match: Match | null): string {
  if (match === null) return 'everything else'
  const { tokens, ...tags } = match
  const parts = Object.entries(tags).flatMap(([tag, values]) =>
    values === undefined ? [] : [`${tag} ${values.join(' or ')}`],
  )
  if (tokens !== undefined) parts.push(tokensText(tokens))
  return parts.length === 0 ? 'everything' : parts.join(', ')
}

function budgetText({ latencyBudgetMs, firstTokenBudgetMs }: Route): string {
  const whole = latencyBudgetMs === null ? '' : `  (within ${latencyBudgetMs} ms)`
  return firstTokenBudgetMs === null ? whole : `${whole}  (first token within ${firstTokenBudgetMs} ms)`
}

/** Lines of columns, each as wide as its widest cell. */
function aligned(table: readonly (readonly string[])[]): string {
  const widths = table.reduce<number[]>(
    (sofar, row) => row.map((cell, column) => Math.max(cell.length, sofar[column] ?? 0)),
    [],
  )
  return table
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
}

function abText({ policy }: Config): string {
  const { enabled, sampleRate, candidates } = policy.ab
  const pairs = Object.entries(candidates).map(([primary, candidate]) => `${primary} to ${candidate}`)
  if (!enabled || pairs.length === 0) return 'A/B is off'
  return `A/B mirrors ${Number((sampleRate * 100).toFixed(2))} % of ${pairs.join(', ')}`
}

function summary(config: Config): string {
  const { policy, connections, warnings } = config
  const backends = Object.values(policy.backends).map((backend) => [
    backend.name,
    connections[backend.name]?.type ?? '',
    modelsOf(backend).join(', '),
    backend.embeddings === null ? '' : `embeds: ${backend.embeddings}`,
  ])
  const routes = policy.routes.map((route) => [
    route.name,
    matchText(route.match),
    `→ ${[route.backend, ...route.fallback].join(', then ')}${budgetText(route)}`,
  ])
  return [
    `${config.source.label} is valid`,
    `${backends.length} ${backends.length === 1 ? 'backend' : 'backends'}`,
    aligned(backends),
    `${routes.length} ${routes.length === 1 ? 'route' : 'routes'}`,
    aligned(routes),
    abText(config),
    ...warnings.map((warning) => `warning: ${warning}`),
    '',
  ].join('\n')
}

function jsonSummary({ policy, connections, warnings, source }: Config): unknown {
  const backends = Object.values(policy.backends).map((backend) => ({
    name: backend.name,
    type: connections[backend.name]?.type ?? null,
    models: modelsOf(backend),
    embeddings: backend.embeddings,
  }))
  return { ok: true, path: source.path, backends, routes: policy.routes, ab: policy.ab, warnings }
}

/** The exit code: 0 when the policy is right, 1 when it is not. */
export async function checkCommand(options: CheckOptions, out: Output, err: Output): Promise<number> {
  const { path, json = false } = options
  try {
    const config = loadConfigFile(path)
    out.write(json ? `${JSON.stringify(jsonSummary(config), null, 2)}\n` : summary(config))
    return 0
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { label, problems } = error
    if (json) out.write(`${JSON.stringify({ ok: false, path, problems }, null, 2)}\n`)
    else
      err.write(
        `${problems.map((problem) => renderProblem(label, problem)).join('\n')}\n${countText(problems.length)}\n`,
      )
    return 1
  }
}

function countText(count: number): string {
  return count === 1 ? '1 problem; nothing was loaded' : `${count} problems; nothing was loaded`
}
