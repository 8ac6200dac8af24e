/** Longest chunk name in messages, with the final zero byte of C: LUA_IDSIZE. */
const SIZE = 60;
/** The same in the messages of syntax errors: MAXSRC. */
export const SYNTAX_SIZE = 80;

/** How a chunk's name (`=name`, `@file`, or the source itself) appears in messages: luaO_chunkid. */
export function shortSource(name: string, size = SIZE): string {
  if (name.startsWith('=')) return name.slice(1, size);
  if (name.startsWith('@')) {
    const file = name.slice(1);
    const room = size - " '...' ".length - 1;
    return file.length > room ? `...${file.slice(file.length - room)}` : file;
  }
  const end = name.search(/[\n\r]/);
  const line = end < 0 ? name : name.slice(0, end);
  const room = size - ' [string "..."] '.length - 1;
  const cut = line.length > room ? line.slice(0, room) : line;
  return cut.length < name.length ? `[string "${cut}..."]` : `[string "${cut}"]`;
}
