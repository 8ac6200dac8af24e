/** The URL of a listener, if it is open. */
export function given(url: string | undefined): string[] {
  return url === undefined ? [] : [url];
}
