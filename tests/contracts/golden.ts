import { readFile } from 'node:fs/promises';
import type { Contract } from '@sallyport/contracts';

/** What is committed for one version of one message: examples that stay valid for ever, and its schema as released. */
export interface Golden {
  readonly examples: readonly unknown[];
  readonly replies?: readonly unknown[];
  readonly schema: object;
  readonly reply?: object;
}

export const fixtures = new URL('../fixtures/contracts/', import.meta.url);

export async function golden(contract: Contract): Promise<Golden> {
  const text = await readFile(new URL(`${contract.subject}.json`, fixtures), 'utf8');
  return JSON.parse(text) as Golden;
}
