import { parseArgs } from 'node:util';
import { reached, render, SUITES, type SuiteName } from '@sallyport/bench';
import { type Command, UsageError } from '../command.ts';

const names = Object.keys(SUITES) as SuiteName[];

/** `sallyport bench`: what the product costs, beside its peers, in one interleaved run. */
export const benchCommand: Command = {
  name: 'bench',
  summary: 'measure against peers in the same run: medians and ratios',
  usage: [
    `sallyport bench <suite…> [--rounds N] [--round-ms N] [--json]`,
    `suites: ${names.join(', ')}`,
    '--rounds     rounds of each variant, alternating (default 5)',
    '--round-ms   how long one round of one variant takes, milliseconds (default 2000)',
    '--json       the samples as JSON on standard output',
    'Exit 1 when a promised figure was missed.',
  ],
  async run(args, terminal, signal) {
    const { values, positionals } = parse(args);
    const rounds = whole('--rounds', values.rounds);
    const roundMs = whole('--round-ms', values['round-ms']);
    let missed = 0;
    const reports = [];
    for (const name of chosen(positionals)) {
      const progress = (text: string) => terminal.stderr.write(`# ${name}: ${text}\n`);
      const report = await (await SUITES[name]())({ rounds, roundMs, signal, progress });
      missed += report.rows.filter((row) => reached(row) === false).length;
      reports.push(report);
      if (!values.json) terminal.stdout.write(render(report));
    }
    if (values.json) terminal.stdout.write(`${JSON.stringify(reports, undefined, 2)}\n`);
    return missed > 0 ? 1 : 0;
  },
};

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rounds: { type: 'string', default: '5' },
        'round-ms': { type: 'string', default: '2000' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function chosen(positionals: readonly string[]): SuiteName[] {
  const unknown = positionals.filter((name) => !(names as string[]).includes(name));
  if (unknown.length > 0) throw new UsageError(`no suite '${unknown.join("', '")}'`);
  if (positionals.length === 0) throw new UsageError('name at least one suite');
  return positionals as SuiteName[];
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new UsageError(`${option} takes a whole number from 1, got '${text}'`);
  }
  return value;
}
