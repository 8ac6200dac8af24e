/** What running a chunk gave. All texts are byte strings. */
export interface Outcome {
  /** `refused`: the chunk doesn't compile; `error`: it ended with an error that nothing caught. */
  readonly status: 'ok' | 'error' | 'refused';
  /** What it printed. */
  readonly output: string;
  /** The error message, or the type and text of another error value. */
  readonly error: string;
}

/** The same without what differs from run to run (addresses) or can't be told apart in JavaScript (signs of NaN). */
export function normalised({ status, output, error }: Outcome): Outcome {
  return { status, output: plain(output), error: plain(error) };
}

function plain(text: string): string {
  return (
    text
      .replace(
        /\b(table|function|thread|userdata|file|builtin)(: (?:builtin: )?|\s*\()0x[0-9a-f]+\)?/g,
        '$1: <address>',
      )
      // With what pads it, as a sign takes a place.
      .replace(/ *[-+]?(nan)\b */gi, ' $1 ')
  );
}
