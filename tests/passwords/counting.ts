import { createEngine, type Engine, type Work } from '@sallyport/passwords';

/** The real engine, and a note of what it was asked for. */
export function countingEngine(): Engine & { readonly asked: Work[] } {
  const engine = createEngine();
  const asked: Work[] = [];
  return {
    asked,
    async derive(work, password) {
      asked.push(work);
      return await engine.derive(work, password);
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** An engine that answers when told to. */
export function heldEngine(): Engine & { readonly held: PromiseWithResolvers<Uint8Array>[] } {
  const held: PromiseWithResolvers<Uint8Array>[] = [];
  return {
    held,
    derive() {
      const one = Promise.withResolvers<Uint8Array>();
      held.push(one);
      return one.promise;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** What `work` costs: everything of it but the salt. */
export function costOf({ salt: _, ...cost }: Work): object {
  return cost;
}
