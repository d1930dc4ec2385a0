/** Mistakes within one key: misspelt, or with a value that cannot be. */
import { type BadPolicy, line } from './bad-policy.ts'

export const unknownKeys: readonly BadPolicy[] = [
  {
    what: 'a misspelt privacy tag must never fail open',
    text: line(7, '  - match: { sensitivty: high }'),
    problems: ['7 routes[0].match.sensitivty -> sensitivity'],
  },
  { what: 'a misspelt section', text: line(6, 'rutes:'), problems: ['6 rutes -> routes'] },
  {
    what: 'a misspelt route key',
    text: line(8, '    bakend: local'),
    problems: ['8 routes[0].bakend -> backend'],
  },
  {
    what: 'snake case',
    text: line(11, '    latency_budget_ms: 5'),
    problems: ['11 routes[1].latency_budget_ms -> latencyBudgetMs'],
  },
  {
    what: 'a misspelt model key',
    text: line(4, '    modle: llama3.2'),
    problems: ['4 backends.local.modle -> model'],
  },
  {
    what: 'an unknown family',
    text: line(4, '    families: { qwen: x }'),
    problems: ['4 backends.local.families.qwen -> qwen-coder'],
  },
  {
    what: 'a misspelt default',
    text: line(12, '  - defualt: local'),
    problems: ['12 routes[2].defualt -> default'],
  },
  {
    what: 'a key of nothing we know',
    text: line(8, '    backend: local\n    zzz: 1'),
    problems: ['9 routes[0].zzz'],
    says: /allowed here: match, backend/,
  },
  {
    what: 'match beside default',
    text: line(12, '  - match: { task: code }\n    default: local'),
    problems: ['12 routes[2].match'],
    says: /does not go with the other keys/,
  },
  {
    what: 'a key of ab',
    text: line(14, '  canditates: { local: cloud }'),
    problems: ['14 ab.canditates -> candidates'],
  },
  {
    what: 'a merge key',
    text: line(4, '    <<: { model: x }\n    model: y'),
    problems: ['4 backends.local["<<"]'],
  },
  {
    what: 'a key in capitals',
    text: line(10, '    Backend: local'),
    problems: ['10 routes[1].Backend -> backend'],
  },
]

export const wrongValues: readonly BadPolicy[] = [
  {
    what: 'an unknown type',
    text: line(3, '    type: olama'),
    problems: ['3 backends.local.type -> ollama'],
  },
  {
    what: 'an unknown task',
    text: line(9, '  - match: { task: coding }'),
    problems: ['9 routes[1].match.task -> code'],
  },
  {
    what: 'an unknown task in a list',
    text: line(9, '  - match: { task: [code, visoin] }'),
    problems: ['9 routes[1].match.task[1] -> vision'],
  },
  {
    what: 'American spelling',
    text: line(9, '  - match: { task: summarization }'),
    problems: ['9 routes[1].match.task -> summarisation'],
  },
  {
    what: 'a shortened level',
    text: line(9, '  - match: { complexity: med }'),
    problems: ['9 routes[1].match.complexity -> medium'],
  },
  {
    what: 'an unknown sensitivity',
    text: line(7, '  - match: { sensitivity: hihg }'),
    problems: ['7 routes[0].match.sensitivity -> high'],
  },
  {
    what: 'a truth value for a level',
    text: line(7, '  - match: { sensitivity: true }'),
    problems: ['7 routes[0].match.sensitivity'],
  },
  {
    what: 'an empty list',
    text: line(9, '  - match: { task: [] }'),
    problems: ['9 routes[1].match.task'],
    says: /at least 1 entry/,
  },
  {
    what: 'a number as text',
    text: line(4, '    model: x\n    p50Ms: "900"'),
    problems: ['5 backends.local.p50Ms'],
    says: /expected a number, got text/,
  },
  {
    what: 'a number with a unit',
    text: line(11, '    latencyBudgetMs: 2s'),
    problems: ['11 routes[1].latencyBudgetMs'],
  },
  {
    what: 'a negative budget',
    text: line(11, '    latencyBudgetMs: -1'),
    problems: ['11 routes[1].latencyBudgetMs'],
    says: /at least 1/,
  },
  {
    what: 'a broken budget',
    text: line(11, '    latencyBudgetMs: 1.5'),
    problems: ['11 routes[1].latencyBudgetMs'],
    says: /whole number, got the number 1.5/,
  },
  {
    what: 'yes is no truth value',
    text: line(13, 'privacy: { allowRemote: yes }\nab:'),
    problems: ['13 privacy.allowRemote'],
    says: /true or false, got text/,
  },
  {
    what: 'yes is none after %YAML 1.1 either',
    text: `%YAML 1.1\n---\n${line(13, 'privacy: { allowRemote: yes }\nab:')}`,
    problems: ['15 privacy.allowRemote'],
  },
  {
    what: 'a rate above one',
    text: line(13, 'ab:\n  sampleRate: 5'),
    problems: ['14 ab.sampleRate'],
    says: /at most 1/,
  },
  {
    what: 'an endpoint of another scheme',
    text: line(4, '    model: x\n    endpoint: ftp://x'),
    problems: ['5 backends.local.endpoint'],
  },
  {
    what: 'an endpoint with a password',
    text: line(4, '    model: x\n    endpoint: http://me:secret@x'),
    problems: ['5 backends.local.endpoint'],
  },
  {
    what: 'an empty value',
    text: line(8, '    backend:'),
    problems: ['8 routes[0].backend'],
    says: /expected text, got nothing/,
  },
  {
    what: 'a list for a mapping',
    text: line(7, '  - match: [high]'),
    problems: ['7 routes[0].match'],
    says: /expected a mapping, got a list/,
  },
  {
    what: 'a route that is text',
    text: line(12, '  - default: local\n  - local'),
    problems: ['12 routes[2].default', '13 routes[3]'],
  },
  {
    what: 'a reason of two lines',
    text: line(8, '    backend: local\n    reason: "a\\nb"'),
    problems: ['9 routes[0].reason'],
  },
  {
    what: 'tokens upside down',
    text: line(9, '  - match: { tokens: { min: 5, max: 3 } }'),
    problems: ['9 routes[1].match.tokens'],
    says: /min 5 is above max 3/,
  },
  {
    what: 'a route name with a space',
    text: line(8, '    backend: local\n    name: my route'),
    problems: ['9 routes[0].name'],
  },
  {
    what: 'text where a backend goes',
    text: line(5, '  cloud: https://x'),
    problems: ['5 backends.cloud'],
    says: /expected a mapping, got text/,
  },
]
