const TEXTS: Record<string, [text: string, errno: number]> = {
  ENOENT: ['No such file or directory', 2],
  EBADF: ['Bad file descriptor', 9],
  EACCES: ['Permission denied', 13],
  EEXIST: ['File exists', 17],
  ENOTDIR: ['Not a directory', 20],
  EISDIR: ['Is a directory', 21],
  EINVAL: ['Invalid argument', 22],
  EMFILE: ['Too many open files', 24],
  ENOSPC: ['No space left on device', 28],
  ESPIPE: ['Illegal seek', 29],
};

/** What C's `strerror` says of a failed call to the system, and its number. Rethrows other errors. */
export function systemError(error: unknown): [text: string, errno: number] {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  const known = TEXTS[code ?? ''];
  if (known !== undefined) return known;
  if (errno === undefined) throw error;
  return [message, Math.abs(errno)];
}

/** The error with which the system would refuse it. */
export function refused(code: keyof typeof TEXTS): Error {
  return Object.assign(new Error(TEXTS[code]?.[0]), { code });
}
