/** Deepest nesting of a body. Entities need six; what comes next walks it by recursion. */
const MOST_DEPTH = 32;

/**
 * What keeps a decoded body from being used, or undefined. A key `__proto__` would become the prototype of whatever
 * copies it by assignment.
 */
export function objectionTo(value: unknown, depth = 1): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MOST_DEPTH) return `nested deeper than ${MOST_DEPTH}`;
  if (Object.hasOwn(value, '__proto__')) return "'__proto__' is not a name for a field";
  for (const inner of Object.values(value)) {
    const objection = objectionTo(inner, depth + 1);
    if (objection !== undefined) return objection;
  }
  return undefined;
}
