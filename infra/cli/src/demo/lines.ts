export interface DemoPlace {
  /** Where an edge answers https. */
  readonly address: string;
  readonly port: number;
  /** PEM file of the authority whose certificates visitors must trust. */
  readonly authority: string;
  /** Where curl keeps the cookie. */
  readonly cookies: string;
  readonly login: { readonly name: string; readonly password: string };
  /** Data directory for the commands; undefined where it is the usual one. */
  readonly data: string | undefined;
}

/** Lines to copy, each with what it shows. */
export function demoLines(place: DemoPlace): readonly { shows: string; line: string }[] {
  const { address, port, authority, cookies, login, data } = place;
  const name = 'never-seen-before.example';
  const url = `https://${name}:${port}`;
  const curl = `curl --cacert ${quoted(authority)} --resolve ${name}:${port}:${address}`;
  const where = data === undefined ? '' : ` --data ${quoted(data)}`;
  return [
    {
      shows: 'A first visit: the name gets its certificate while this handshake waits.',
      line: `${curl} ${url}/`,
    },
    {
      shows: 'A login: whoever is accepted gets a session, in a cookie.',
      line: `${curl} --cookie-jar ${quoted(cookies)} --user ${login.name}:${login.password} ${url}/private`,
    },
    {
      shows: 'A visit with the cookie: no password, and no question to anybody.',
      line: `${curl} --cookie ${quoted(cookies)} ${url}/private`,
    },
    {
      shows: 'What happened, as events; and what happens from now on.',
      line: `npx sallyport events tail --from all${where}`,
    },
  ];
}

/** For a shell, where it needs quoting. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
