import type { Message } from '../broker.ts';

type Listener = (message: Message) => void;
type OnRequest = (request: Message, reply: (message: Message) => void) => void;

/**
 * Messages that are stored nowhere, inside one process: publish to listeners, requests to one responder of a queue
 * group. Each receiver gets its own copy, in a later microtask, in the order they were sent.
 */
export class Exchange {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #responders = new Map<string, OnRequest[]>();

  send(subject: string, message: Message): void {
    for (const listener of this.#listeners.get(subject) ?? []) {
      queueMicrotask(() => {
        // It may have gone in the meantime.
        if (this.#listeners.get(subject)?.has(listener)) listener(copy(message));
      });
    }
  }

  listen(subject: string, onMessage: Listener): Disposable {
    let listeners = this.#listeners.get(subject);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(subject, listeners);
    }
    const all = listeners;
    // One function may listen twice.
    const listener: Listener = (message) => onMessage(message);
    all.add(listener);
    return {
      [Symbol.dispose]: () => {
        all.delete(listener);
        if (all.size === 0 && this.#listeners.get(subject) === all) this.#listeners.delete(subject);
      },
    };
  }

  request(
    subject: string,
    message: Message,
    settle: (reply: Message | undefined) => void,
  ): () => void {
    let open = true;
    const finish = (reply: Message | undefined) => {
      if (!open) return;
      open = false;
      settle(reply);
    };
    const responders = this.#responders.get(subject);
    // Taking turns: the one that got this request goes to the end.
    const responder = responders?.shift();
    if (responders === undefined || responder === undefined) {
      queueMicrotask(() => finish(undefined));
    } else {
      responders.push(responder);
      const request = copy(message);
      queueMicrotask(() =>
        responder(request, (reply) => {
          const answer = copy(reply);
          queueMicrotask(() => finish(answer));
        }),
      );
    }
    return () => {
      open = false;
    };
  }

  respond(subject: string, onRequest: OnRequest): AsyncDisposable {
    const responder: OnRequest = (request, reply) => onRequest(request, reply);
    const responders = this.#responders.get(subject) ?? [];
    this.#responders.set(subject, responders);
    responders.push(responder);
    return {
      [Symbol.asyncDispose]: async () => {
        const at = responders.indexOf(responder);
        if (at >= 0) responders.splice(at, 1);
        // A request handed over in this turn of the loop still reaches it in a microtask before this one.
        await new Promise<void>((resolve) => queueMicrotask(resolve));
      },
    };
  }
}

/** Nothing goes by reference: what a receiver does to its message stays its own. */
function copy({ headers, body }: Message): Message {
  return { headers: { ...headers }, body: body.slice() };
}
