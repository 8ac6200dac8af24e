/** Which names an issuer serves. `private`: those that no public CA may issue for. */
export type Scope = 'any' | 'private' | 'public';

/** RFC 2606, 6761, 6762, 7686, 8375, and ICANN's decision of 2024 on `internal`. */
const PRIVATE_SUFFIXES = [
  ...['example', 'home.arpa', 'internal', 'invalid', 'local', 'localhost', 'onion', 'test'],
];

/** Whether `name` can't be of the public DNS: one label, or under a suffix that is reserved for private use. */
export function isPrivateName(name: string): boolean {
  return (
    !name.includes('.') ||
    PRIVATE_SUFFIXES.some((suffix) => name === suffix || name.endsWith(`.${suffix}`))
  );
}

/** The first of `names` that is outside of `scope`. */
export function outOfScope(scope: Scope, names: readonly string[]): string | undefined {
  if (scope === 'any') return undefined;
  return names.find((name) => isPrivateName(name) !== (scope === 'private'));
}
