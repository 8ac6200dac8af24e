import test from 'ava';
import fc from 'fast-check';
import { type ServerSentEvent, serverSentEvents } from '../../infra/cli/src/client/sse.ts';
import { runs } from '../world/deep.ts';

async function parse(...chunks: (string | Uint8Array)[]): Promise<ServerSentEvent[]> {
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
  return Array.fromAsync(
    serverSentEvents(
      (async function* () {
        yield* bytes;
      })(),
    ),
  );
}

test('messages end with an empty line; comments, unknown fields and a message cut off count as nothing', async (t) => {
  const text =
    ': hello\n\nretry: 5\n\nid: 1\ndata: a\ndata: b\nfoo: x\n\nevent: end\ndata\n\ndata: cut';
  t.deepEqual(await parse(text), [
    { event: 'message', data: 'a\nb', lastEventId: '1' },
    { event: 'end', data: '', lastEventId: '1' },
  ]);
});

test('an id without data counts from then on, and one with a NUL does not', async (t) => {
  t.deepEqual(await parse('id: 7\n\ndata: x\n\nid: a\0b\ndata: y\n\nid\ndata:z\n\n'), [
    { event: 'message', data: 'x', lastEventId: '7' },
    { event: 'message', data: 'y', lastEventId: '7' },
    { event: 'message', data: 'z', lastEventId: '' },
  ]);
});

const line = fc.stringMatching(/^[ a-zé€😀:]{0,12}$/u);

test('however the bytes are cut and whichever line ends are used, the messages are the same', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ id: fc.nat(99), data: fc.array(line, { minLength: 1, maxLength: 3 }) }),
        {
          maxLength: 5,
        },
      ),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.nat(400), { maxLength: 12 }),
      async (messages, end, cuts) => {
        const text = messages
          .map(({ id, data }) => [`id: ${id}`, ...data.map((d) => `data: ${d}`), '', ''].join(end))
          .join('');
        // A carriage return at the very end may be half of a line end: another message settles it.
        const bytes = Buffer.from(`${text}:${end}`);
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
          (a, b) => a - b,
        );
        const chunks = places.slice(1).map((place, i) => bytes.subarray(places[i], place));
        t.deepEqual(
          await parse(...chunks),
          messages.map(({ id, data }) => ({
            ...{ event: 'message', data: data.join('\n'), lastEventId: String(id) },
          })),
        );
      },
    ),
    runs(300),
  );
});

test('a line or a message without end is given up, not collected', async (t) => {
  const megabyte = 'x'.repeat(1024 * 1024);
  await t.throwsAsync(parse(...Array(17).fill(megabyte)), { message: /a line must have at most/ });
  await t.throwsAsync(parse(...Array(17).fill(`data: ${megabyte}\n`)), {
    message: /a message must have at most/,
  });
});
