import { decodeBatch, type Envelope } from '@sallyport/contracts';
import { EXIT, systemClock } from '@sallyport/runtime';
import { eventLine } from '../client/event-line.ts';
import { startingPoint } from '../client/moment.ts';
import { type OperatorCall, operatorCommand } from '../client/operator-command.ts';
import { plainJson, plainText } from '../client/text.ts';
import { verifyEvents } from './events-verify.ts';

const options = { type: { type: 'string', multiple: true }, from: { type: 'string' } } as const;
const help = [
  "--type     such as 'tls.*' or auth.decided; may be given several times (default everything)",
  '--from     new (default), all, 15m, or a time as in RFC 3339',
];

const tail = operatorCommand({
  name: 'events tail',
  summary: 'show what happens as it happens, one line for each event',
  synopsis: "[--type 'tls.*'] [--from all] [--json]",
  ...{ help, options },
  async run(call) {
    const { terminal, json } = call;
    for await (const { event, text } of followEvents(call, 'new')) {
      terminal.stdout.write(json ? `${plainJson(JSON.parse(text))}\n` : eventLine(event));
    }
    return EXIT.ok;
  },
});

const verify = operatorCommand({
  name: 'events verify',
  summary: 'check that no event is missing',
  synopsis: '[--from all] [--once] [--type …] [--json]',
  help: [
    ...help,
    '--once     stop where the events that there are end (then --from is all unless said)',
    'Counts seq for each (instance, epoch, type). Exit 1 when one is missing that nobody dropped on purpose.',
  ],
  options: { ...options, once: { type: 'boolean' } },
  run: (call) =>
    verifyEvents(call, followEvents(call, call.flag('once') ? 'all' : 'new'), systemClock),
});

export const eventCommands = [tail, verify];

/** An event, and the text it came as. */
interface FollowedEvent {
  readonly event: Envelope;
  readonly text: string;
}

/** The events that the words of the call ask for, until its signal aborts. */
async function* followEvents(
  { client, terminal, option, all }: OperatorCall,
  fallback: string,
): AsyncGenerator<FollowedEvent> {
  const from = startingPoint(option('from') ?? fallback, systemClock.now());
  const onLost = (reason: string) => {
    terminal.stderr.write(`# connection lost, coming again: ${plainText(reason)}\n`);
  };
  for await (const text of client.tail({ types: all('type'), from, onLost })) {
    for (const event of decodeBatch(text)) yield { event, text };
  }
}
