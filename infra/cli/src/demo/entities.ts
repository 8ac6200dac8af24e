import { DemoError } from './errors.ts';

const SERVICE = '00000000-0000-4000-8000-000000000000';
const ROUTES = {
  public: '00000000-0000-4000-8000-000000000001',
  private: '00000000-0000-4000-8000-000000000002',
};
const PLUGINS = {
  session: '00000000-0000-4000-8000-000000000003',
  'pipeline-auth': '00000000-0000-4000-8000-000000000004',
};

/** What the demonstration has behind the gate: everything for everybody, `/private` for who logs in. */
function demoEntities(upstream: string): readonly (readonly [path: string, body: object])[] {
  const service = { id: SERVICE };
  return [
    [`/services/${SERVICE}`, { name: 'demo', url: upstream }],
    [
      `/routes/${ROUTES.public}`,
      { name: 'demo-public', paths: ['/'], strip_path: false, preserve_host: true, service },
    ],
    [
      `/routes/${ROUTES.private}`,
      {
        name: 'demo-private',
        paths: ['/private'],
        strip_path: false,
        preserve_host: true,
        service,
      },
    ],
    [
      `/plugins/${PLUGINS.session}`,
      {
        name: 'session',
        route: { id: ROUTES.private },
        config: { storage: 'server', cookie_same_site: 'Lax' },
      },
    ],
    [
      `/plugins/${PLUGINS['pipeline-auth']}`,
      { name: 'pipeline-auth', route: { id: ROUTES.private } },
    ],
  ];
}

/** Writes the entities by the Admin API. Done again it changes nothing but the upstream's address. */
export async function writeDemoEntities(
  admin: { readonly url: string; readonly token: string },
  upstream: string,
  signal: AbortSignal,
): Promise<void> {
  for (const [path, body] of demoEntities(upstream)) {
    const response = await fetch(`${admin.url}${path}`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${admin.token}`,
      },
      body: JSON.stringify(body),
      signal,
    });
    const text = await response.text();
    if (!response.ok) throw new DemoError(`PUT ${path} was answered ${response.status}: ${text}`);
  }
}
