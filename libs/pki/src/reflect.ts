type Metadata = Map<unknown, unknown>;

/**
 * The three functions of the Reflect metadata proposal that tsyringe, a dependency of @peculiar/x509, asks for before it
 * loads. Does nothing where a complete polyfill, such as the package reflect-metadata, was there first.
 */
export function provideReflectMetadata(): void {
  if ('getMetadata' in Reflect) return;
  const metadata = new WeakMap<object, Metadata>();
  const own = (key: unknown, target: object): unknown => metadata.get(target)?.get(key);
  Object.assign(Reflect, {
    defineMetadata(key: unknown, value: unknown, target: object): void {
      const of = metadata.get(target) ?? new Map<unknown, unknown>();
      metadata.set(target, of.set(key, value));
    },
    getOwnMetadata: own,
    getMetadata(key: unknown, target: object): unknown {
      for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
        if (metadata.get(at)?.has(key)) return own(key, at);
      }
      return undefined;
    },
  });
}
