/**
 * A text's code units in a typed array. A string that was sliced or put together answers `charCodeAt` several times
 * more slowly than a plain one, and the survey reads each unit more than once; copying them is a hundredth of that.
 */
const SCRATCH_UNITS = 0x2_00_00
/** Below this a loop is quicker than the call into the runtime. */
const SHORT = 48
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

const scratch = new Uint16Array(SCRATCH_UNITS)
const scratchBytes = Buffer.from(scratch.buffer)

/** Valid until the next call. A zero stands behind the last unit, so that readers need not ask where the end is. */
export function unitsOf(text: string): Uint16Array {
  const { length } = text
  const fits = length < SCRATCH_UNITS
  const units = fits ? scratch : new Uint16Array(length + 1)
  if (length < SHORT || !LITTLE_ENDIAN) {
    for (let i = 0; i < length; i += 1) units[i] = text.charCodeAt(i)
  } else {
    const bytes = fits ? scratchBytes : Buffer.from(units.buffer)
    bytes.write(text, 'utf16le')
  }
  units[length] = 0
  return units
}
