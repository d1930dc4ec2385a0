/** Mistakes between keys, of the file as a whole, and of YAML itself. */
import { type BadPolicy, GOOD, line } from './bad-policy.ts'

export const wrongNames: readonly BadPolicy[] = [
  {
    what: 'an unknown backend',
    text: line(8, '    backend: lokal'),
    problems: ['8 routes[0].backend -> local'],
  },
  {
    what: 'an unknown fallback',
    text: line(11, '    fallback: clod'),
    problems: ['11 routes[1].fallback -> cloud'],
  },
  {
    what: 'an unknown fallback in a list',
    text: line(11, '    fallback: [cloud, lcal]'),
    problems: ['11 routes[1].fallback[1] -> local'],
  },
  {
    what: 'an unknown default',
    text: line(12, '  - default: Local'),
    problems: ['12 routes[2].default -> local'],
  },
  {
    what: 'an unknown candidate',
    text: line(14, '  candidates: { local: clowd }'),
    problems: ['14 ab.candidates.local -> cloud'],
  },
  {
    what: 'an unknown primary of a candidate',
    text: line(14, '  candidates: { loca: cloud }'),
    problems: ['14 ab.candidates.loca -> local'],
  },
  {
    what: 'a name of the language itself',
    text: line(8, '    backend: constructor'),
    problems: ['8 routes[0].backend'],
  },
  {
    what: 'a backend called auto',
    text: line(5, '  cloud: { type: openai, model: x }\n  auto: { type: openai, model: x }'),
    problems: ['6 backends.auto'],
  },
  {
    what: 'a backend with a slash',
    text: line(5, '  cloud: { type: openai, model: x }\n  a/b: { type: openai, model: x }'),
    problems: ['6 backends["a/b"]'],
  },
  {
    what: '__proto__',
    text: line(5, '  cloud: { type: openai, model: x }\n  __proto__: { type: demo }'),
    problems: ['6 backends.__proto__'],
  },
  {
    what: 'a fallback to itself',
    text: line(11, '    fallback: local'),
    problems: ['11 routes[1].fallback'],
    says: /the backend it would stand in for/,
  },
  {
    what: 'a fallback named twice',
    text: line(11, '    fallback: [cloud, cloud]'),
    problems: ['11 routes[1].fallback[1]'],
  },
  {
    what: 'a candidate for itself',
    text: line(14, '  candidates: { local: local }'),
    problems: ['14 ab.candidates.local'],
  },
  {
    what: 'two routes of one name',
    text: line(8, '    backend: local\n    name: route-2'),
    problems: ['10 routes[1].name'],
    says: /the name of routes\[0\] too/,
  },
  {
    what: 'a route called pinned',
    text: line(8, '    backend: local\n    name: pinned'),
    problems: ['9 routes[0].name'],
  },
]

export const wrongWhole: readonly BadPolicy[] = [
  {
    what: 'no default',
    text: line(12, ''),
    problems: ['6 routes'],
    says: /end the list with an entry like `- default: local`/,
  },
  {
    what: 'default not last',
    text: line(7, '  - default: local\n  - match: { sensitivity: high }').replace(
      '\n  - default: local\nab',
      '\nab',
    ),
    problems: ['7 routes[0].default'],
  },
  {
    what: 'a backend by the name of what metrics say when there is none',
    text: line(5, '  cloud: { type: openai, model: x }\n  none: { type: openai, model: x }'),
    problems: ['6 backends.none'],
    says: /use another name/,
  },
  {
    what: 'a vendor’s own service attested as local',
    text: line(5, '  cloud: { type: openai, model: x, attest: local }'),
    problems: ['5 backends.cloud.attest'],
    says: /not at a private address/,
  },
  {
    what: 'a public address attested as local',
    text: line(
      5,
      '  cloud: { type: openai-compatible, model: x, endpoint: "https://8.8.8.8/v1", attest: local }',
    ),
    problems: ['5 backends.cloud.attest'],
    says: /not at a private address/,
  },
  {
    what: 'two defaults',
    text: line(12, '  - default: local\n  - default: cloud\n    name: other'),
    problems: ['13 routes[3].default'],
    says: /routes\[2\] is one already/,
  },
  {
    what: 'no routes',
    text: GOOD.replace(/routes:[^]*/, 'routes: []'),
    problems: ['6 routes'],
  },
  { what: 'no sections', text: '{}', problems: ['1 backends', '1 routes'], says: /is required/ },
  { what: 'no backends', text: 'backends: {}\nroutes:\n  - default: x', problems: ['1 backends'] },
  {
    what: 'an engine without endpoint',
    text: line(3, '    type: openai-compatible'),
    problems: ['2 backends.local.endpoint'],
  },
  {
    what: 'a backend without model',
    text: line(5, '  cloud: { type: openai }'),
    problems: ['5 backends.cloud'],
  },
  {
    what: 'empty families',
    text: line(5, '  cloud: { type: openai, families: {} }'),
    problems: ['5 backends.cloud'],
  },
  {
    what: 'demo settings of another type',
    text: line(4, '    model: x\n    demo: { fail: cut }'),
    problems: ['5 backends.local.demo'],
  },
  ...[
    ['type: demo, protocol: messages', 'protocol', /type demo speaks chat alone/],
    ['type: demo, protocol: [chat, ollama]', 'protocol[1]', /type demo speaks chat alone/],
    ['type: anthropic, model: x, protocol: chat', 'protocol', /type anthropic speaks messages alone/],
    ['type: openai, model: x, protocol: [chat, chat]', 'protocol[1]', /in this list already/],
    ['type: demo, embeddings: x', 'embeddings', /type demo makes no embeddings/],
    ['type: anthropic, model: x, embeddings: x', 'embeddings', /type anthropic makes no embeddings/],
  ].map(([entry, key, says]) => ({
    what: `a backend that cannot do what it says: ${String(entry)}`,
    text: line(5, `  cloud: { ${String(entry)} }`),
    problems: [`5 backends.cloud.${String(key)}`],
    says: says as RegExp,
  })),
  {
    what: 'a route, a fallback, a default and a candidate that only make vectors',
    text: GOOD.replace('model: llama3.2', 'embeddings: nomic').replace('model: gpt-4o', 'embeddings: ada'),
    problems: [
      '8 routes[0].backend',
      '10 routes[1].backend',
      '11 routes[1].fallback',
      '12 routes[2].default',
      '14 ab.candidates.local',
      '14 ab.candidates.local',
    ],
    says: /makes vectors and answers nothing/,
  },
  { what: 'an empty file', text: '', problems: ['1 '] },
  { what: 'comments only', text: '# nothing\n', problems: ['1 '] },
  { what: 'a list', text: '- a\n- b', problems: ['1 '] },
  { what: 'another encoding', text: 'b\0a\0', problems: ['1 '], says: /UTF-8/ },
  { what: 'too large', text: `#${'x'.repeat(256 * 1024)}`, problems: ['1 '], says: /256 KiB/ },
]

export const wrongYaml: readonly BadPolicy[] = [
  {
    what: 'a tab',
    text: line(4, '\tmodel: x'),
    problems: ['4 backends.local.type'],
    says: /a tab is no indentation/,
  },
  {
    what: 'an open bracket',
    text: line(9, '  - match: { task: code'),
    problems: ['9 routes[1].match'],
    says: /this { is not closed/,
  },
  {
    what: 'a doubled key',
    text: line(4, '    model: x\n    model: y'),
    problems: ['5 backends.local.model'],
    says: /duplicate key/,
  },
  {
    what: 'a doubled section',
    text: `${GOOD}\nroutes:\n  - default: cloud`,
    problems: ['15 routes'],
    says: /duplicate key/,
  },
  {
    what: 'a tag',
    text: line(4, '    model: !!binary aGk='),
    problems: ['4 backends.local.model'],
    says: /tag/,
  },
  {
    what: 'an alias to nothing',
    text: line(4, '    model: *m'),
    problems: ['4 backends.local.model'],
    says: /no anchor &m/,
  },
  {
    what: 'a second document',
    text: `${GOOD}\n---\na: 1`,
    problems: ['15 ab.candidates.local'],
    says: /second YAML document/,
  },
  {
    what: 'a key that is a list',
    text: line(4, '    model: x\n    ? [a]\n    : b'),
    problems: ['5 backends.local[""]'],
  },
  {
    what: 'a depth of brackets',
    text: `a: ${'['.repeat(500)}${']'.repeat(500)}`,
    problems: [],
    says: /nested too deeply/,
  },
  {
    what: 'a billion laughs',
    text: `a: &a [x, x]\n${Array.from({ length: 20 }, (_, n) => `k${n}: &k${n} [*${n === 0 ? 'a' : `k${n - 1}`}, *${n === 0 ? 'a' : `k${n - 1}`}]`).join('\n')}`,
    problems: [],
    says: /aliases/,
  },
]
