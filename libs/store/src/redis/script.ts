import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A script that Redis runs as one step. */
export interface Script {
  readonly sha: string;
  readonly source: string;
  /** By digest, and by source where Redis doesn't know the digest. */
  readonly commands: readonly [sha: string, source: string];
}

/** What writes is EVAL; what only reads is EVAL_RO, which needs no permission to write its keys. */
function script(name: string, access: 'reads' | 'writes'): Script {
  const source = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
  return {
    sha: createHash('sha1').update(source).digest('hex'),
    source,
    commands: access === 'reads' ? ['evalsha_ro', 'eval_ro'] : ['evalsha', 'eval'],
  };
}

export const scripts = {
  commit: script('commit', 'writes'),
  range: script('range', 'reads'),
  hit: script('hit', 'writes'),
  take: script('take', 'writes'),
  renew: script('renew', 'writes'),
  release: script('release', 'writes'),
  mark: script('mark', 'writes'),
  next: script('next', 'writes'),
  postpone: script('postpone', 'writes'),
  forget: script('forget', 'writes'),
  claim: script('claim', 'writes'),
  end: script('end', 'writes'),
} as const;
