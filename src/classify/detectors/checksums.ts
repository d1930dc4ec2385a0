/** Check digits: what turns "a long number" into "this very kind of number". Input is digits only, but for the first. */

/** Takes the number as written: what is no digit is passed over, so that no copy need be made of each try. */
export function luhn(written: string): boolean {
  let sum = 0
  let place = 0
  for (let i = written.length - 1; i >= 0; i -= 1) {
    let digit = written.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) continue
    if (place % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2
    sum += digit
    place += 1
  }
  return sum % 10 === 0 && sum > 0
}

/** ISO 7064 mod 97-10 over an IBAN without spaces, in capitals. */
export function mod97(iban: string): boolean {
  const turned = iban.slice(4) + iban.slice(0, 4)
  let rest = 0
  for (let i = 0; i < turned.length; i += 1) {
    const code = turned.charCodeAt(i)
    rest = code >= 65 ? (rest * 100 + code - 55) % 97 : (rest * 10 + code - 48) % 97
  }
  return rest === 1
}

/** Two mod-11 digits of a Brazilian CPF. */
export function cpf(digits: string): boolean {
  if (digits.length !== 11 || /^(\d)\1{10}$/.test(digits)) return false
  return (
    cpfDigit(digits, 9) === digits.charCodeAt(9) - 48 && cpfDigit(digits, 10) === digits.charCodeAt(10) - 48
  )
}

function cpfDigit(digits: string, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i += 1) sum += (digits.charCodeAt(i) - 48) * (count + 1 - i)
  return ((sum * 10) % 11) % 10
}

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** Letter of a Spanish DNI or NIE. */
export function dni(value: string): boolean {
  const number = Number(value.slice(0, 8).replace(/^[XYZ]/, (first) => String('XYZ'.indexOf(first))))
  return DNI_LETTERS[number % 23] === value[8]
}
