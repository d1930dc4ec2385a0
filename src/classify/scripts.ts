/** Writing systems that tokenisers treat differently, found by code unit. Order matters: first that contains it. */
const RANGES: readonly (readonly [first: number, last: number, script: Script])[] = [
  [0x00_80, 0x02_4f, 'latin'],
  [0x03_70, 0x03_ff, 'greek'],
  [0x04_00, 0x05_2f, 'cyrillic'],
  [0x05_90, 0x05_ff, 'hebrew'],
  [0x06_00, 0x07_7f, 'arabic'],
  [0x09_00, 0x09_7f, 'devanagari'],
  [0x09_80, 0x09_ff, 'bengali'],
  [0x0a_00, 0x0d_ff, 'tamil'],
  [0x0e_00, 0x0f_ff, 'thai'],
  [0x11_00, 0x11_ff, 'hangul'],
  [0x1e_00, 0x1e_ff, 'latin'],
  [0x1f_00, 0x1f_ff, 'greek'],
  [0x30_40, 0x30_ff, 'kana'],
  [0x34_00, 0x9f_ff, 'han'],
  [0xac_00, 0xd7_af, 'hangul'],
  [0xf9_00, 0xfa_ff, 'han'],
]

export const SCRIPTS = [
  'other',
  'latin',
  'greek',
  'cyrillic',
  'hebrew',
  'arabic',
  'devanagari',
  'bengali',
  'tamil',
  'thai',
  'hangul',
  'kana',
  'han',
] as const
export type Script = (typeof SCRIPTS)[number]

/** One byte a code unit: looked up once a character on non-ASCII text. */
const SCRIPT_OF_CODE = buildTable()

function buildTable(): Uint8Array {
  const table = new Uint8Array(0x1_00_00)
  for (const [first, last, script] of RANGES) table.fill(SCRIPTS.indexOf(script), first, last + 1)
  return table
}

/** Index into {@link SCRIPTS} of a UTF-16 code unit above ASCII. */
export function scriptIndex(code: number): number {
  return SCRIPT_OF_CODE[code] ?? 0
}
