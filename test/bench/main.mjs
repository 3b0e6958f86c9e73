// `npm run bench [-- NAME] [options]`: the benchmark of that name; without one, CPU and memory per request.
const NAMES = {
  console: './console.mjs',
  cpu: './bench.mjs',
  incidents: './incidents.mjs',
  newcomer: './newcomer.mjs',
  profile: './profile.mjs',
  recovery: './recovery.mjs',
  soak: './soak.mjs',
};

const name = process.argv[2] ?? '';
const isName = Object.hasOwn(NAMES, name);
if (isName) process.argv.splice(2, 1);
if (!isName && name !== '' && !name.startsWith('-')) {
  process.stderr.write(`no benchmark ${name}; there are ${Object.keys(NAMES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await import(isName ? NAMES[name] : NAMES.cpu);
}
