import { compile, createEnvironment } from '@sallyport/lua';
import test from 'ava';

/** Expression → its text in gopher-lua 1.1, where that isn't PUC's. Facts measured with it, see the reference. */
const TEXTS: Record<string, string> = {
  '1e15': '1000000000000000',
  '2^53': '9007199254740992',
  '-(2^62)': '-4611686018427387904',
  '2^63': '9.223372036854776e+18',
  '1732112345.5': '1.7321123455e+09',
  '1234567.5': '1.2345675e+06',
  '123456.5': '123456.5',
  '0.1 + 0.2': '0.30000000000000004',
  '1 / 3': '0.3333333333333333',
  '0.0001': '0.0001',
  '0.00001': '1e-05',
  '1 / 0': '+Inf',
  '-1 / 0': '-Inf',
  '0 / 0': 'NaN',
  '0 * -1': '0',
  '10 / 2': '5',
};

test('mode gopher writes numbers as Go does, in tostring, concatenation and table.concat', async (t) => {
  const environment = createEnvironment({ mode: 'gopher' });
  for (const [expression, text] of Object.entries(TEXTS)) {
    const f = environment.load(
      compile(`local v = ${expression} return tostring(v), v .. "", table.concat({v})`),
    );
    t.deepEqual(await environment.call(f), [text, text, text], expression);
  }
});

test('string.format of mode gopher takes any value for %s and %v, and bytes for %x', async (t) => {
  const environment = createEnvironment({ mode: 'gopher' });
  const f = environment.load(
    compile(`return
      ("%s %s %s %v %5v|"):format(nil, true, 1.5, false, nil),
      ("%x %X %x"):format("a\\255", "a\\255", 255),
      ("%d %5.1f %q"):format(3, 2.25, "x"),
      pcall(string.format, "%s")`),
  );
  t.deepEqual(await environment.call(f), [
    'nil true 1.5 false   nil|',
    '61ff 61FF ff',
    '3   2.2 "x"',
    false,
    "bad argument #2 to '?' (no value)",
  ]);
});
