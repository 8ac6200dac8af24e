/** One message of a stream of server-sent events (WHATWG HTML, 9.2). */
export interface ServerSentEvent {
  /** `message` unless it says otherwise. */
  readonly event: string;
  readonly data: string;
  /** Of this message or the last one that had one. */
  readonly lastEventId: string;
}

/** More than this without an end of line, or in one message, is no stream of ours. Characters. */
const LONGEST = 16 * 1024 * 1024;

/** The messages of a body, as they come. Comments count as nothing; a message that the body cuts off is dropped. */
export async function* serverSentEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let [event, lastEventId] = ['', ''];
  let data: string[] = [];
  let size = 0;
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() as string;
    if (rest.length > LONGEST)
      throw new RangeError(`a line must have at most ${LONGEST} characters`);
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0)
          yield { event: event || 'message', data: data.join('\n'), lastEventId };
        [event, data, size] = ['', [], 0];
        continue;
      }
      const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (name === 'data') {
        size += value.length;
        if (size > LONGEST)
          throw new RangeError(`a message must have at most ${LONGEST} characters`);
        data.push(value);
      } else if (name === 'event') event = value;
      else if (name === 'id' && !value.includes('\0')) lastEventId = value;
    }
  }
}
