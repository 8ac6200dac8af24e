/** A statement: lines of text with blocks between them, so that it can be cut smaller. */
export type Statement = readonly (string | Block)[];
export type Block = readonly Statement[];

/** Program text, one line per text line. */
export function render(block: Block, indent = ''): string {
  let text = '';
  for (const statement of block) {
    for (const part of statement) {
      text += typeof part === 'string' ? `${indent}${part}\n` : render(part, `${indent}  `);
    }
  }
  return text;
}

/** Every program that is one cut smaller, larger cuts first. */
function* smaller(block: Block): Generator<Block> {
  for (let size = block.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= block.length; at += size) {
      yield block.toSpliced(at, size);
    }
  }
  for (const [i, statement] of block.entries()) {
    for (const [j, part] of statement.entries()) {
      if (typeof part === 'string') continue;
      // What a compound statement holds, without it.
      yield block.toSpliced(i, 1, ...part);
      for (const less of smaller(part)) yield block.toSpliced(i, 1, statement.with(j, less));
    }
  }
}

/** The smallest program found for which `fails` still holds; at most `tries` attempts. */
export async function shrink(
  block: Block,
  fails: (candidate: Block) => Promise<boolean>,
  tries = 400,
): Promise<Block> {
  let best = block;
  let left = tries;
  for (let progress = true; progress && left > 0; ) {
    progress = false;
    for (const candidate of smaller(best)) {
      if (left-- <= 0) break;
      if (await fails(candidate)) {
        best = candidate;
        progress = true;
        break;
      }
    }
  }
  return best;
}
