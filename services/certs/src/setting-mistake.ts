import { ConfigError } from '@sallyport/runtime';

/** What only a look beyond the setting itself shows: exit code 78, as for those that the schema finds. */
export function settingMistake(
  path: string,
  found: string,
  expected: string,
  cause?: unknown,
): ConfigError {
  const mistakes = [{ path, found, expected }];
  return new ConfigError(`${path}: found ${found}, expected ${expected}`, mistakes, { cause });
}
