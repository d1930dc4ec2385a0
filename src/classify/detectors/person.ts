/** A named person in a relation that law or contract protects: patient, client, employee, party of a settlement. */
const TRIGGERS = ['atient ', 'lient ', 'mployee ', ' earns $', 'etween ', 'ppeal ', 'olicy holder '] as const
const NAME = String.raw`\p{Lu}[\p{L}'’-]{1,20} (?:\p{Lu}\. )?\p{Lu}[\p{L}'’-]{1,20}`
const AROUND = 90
const HEALTH = new RegExp(
  String.raw`\b(?:[Pp]atient ${NAME}|[Ee]mployee ${NAME} (?:disclosed|was diagnosed|has been diagnosed|is on)\b|insurer for ${NAME})`,
  'u',
)
const LEGAL = new RegExp(
  String.raw`\b(?:[Cc]lient ${NAME} (?:was|is|has been) (?:arrested|charged|accused|sued|convicted)|(?:settlement|custody|dispute|divorce)[a-z ]{0,20} between ${NAME}|${NAME} earns \$)`,
  'u',
)

export function detectPerson(text: string, kinds: Set<string>): void {
  for (const trigger of TRIGGERS) {
    for (let at = text.indexOf(trigger); at !== -1; at = text.indexOf(trigger, at + trigger.length)) {
      const window = text.slice(Math.max(0, at - AROUND / 2), at + AROUND)
      if (HEALTH.test(window)) kinds.add('health')
      else if (LEGAL.test(window)) kinds.add('legal_hr')
    }
  }
}
