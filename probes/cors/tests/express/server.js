// Policies of the middleware `cors` on Express, one a path, on the Unix socket that is given.
const express = require('express');
const cors = require('cors');

const FRONT = 'https://shop.example';
const GUARDED = { credentials: true, methods: ['GET', 'PUT'], allowedHeaders: ['x-id', 'content-type'] };
const dynamic = (trusts) => (origin, done) => done(null, Boolean(origin) && trusts(origin));

const policies = {
  list: { ...GUARDED, origin: [FRONT, 'https://www.shop.example'] },
  constant: { ...GUARDED, origin: FRONT },
  pattern: { ...GUARDED, origin: /^https:\/\/shop\.example$/ },
  subdomains: { ...GUARDED, origin: [FRONT, /^https:\/\/([a-z0-9-]+\.)+shop\.example$/] },
  off: { ...GUARDED, origin: false },
  throwing: {
    ...GUARDED,
    origin: (origin, done) =>
      !origin || origin === FRONT ? done(null, true) : done(new Error('Not allowed by CORS')),
  },
  public: { methods: ['GET'], allowedHeaders: [] },
  default: undefined,
  reflect: { ...GUARDED, origin: true },
  star: { ...GUARDED },
  headers: { origin: [FRONT], credentials: true, methods: ['GET', 'PUT'] },
  suffix: { ...GUARDED, origin: /shop\.example$/ },
  prefix: { ...GUARDED, origin: dynamic((origin) => origin.startsWith(FRONT)) },
  dot: { ...GUARDED, origin: /^https:\/\/(api.)?shop\.example$/ },
  inside: { ...GUARDED, origin: dynamic((origin) => origin.includes('shop.example')) },
  fragment: {
    ...GUARDED,
    origin: dynamic((origin) => origin === FRONT || 'www.shop.example'.includes(origin.split('//')[1])),
  },
  null: { ...GUARDED, origin: [FRONT, 'null'] },
  anySubdomain: { ...GUARDED, origin: /^https:\/\/([a-z0-9-]+\.)*shop\.example$/ },
  development: { ...GUARDED, origin: [FRONT, 'http://localhost:3000'] },
  port: { ...GUARDED, origin: /^https:\/\/shop\.example(:\d+)?$/ },
  hosting: { ...GUARDED, origin: [FRONT, /\.vercel\.app$/] },
  other: { ...GUARDED, origin: ['https://shop.example/'] },
  year: { ...GUARDED, origin: [FRONT], maxAge: 31536000 },
  methods: { ...GUARDED, methods: '*', credentials: false, origin: [FRONT] },
};

const app = express();
app.set('env', 'production');
for (const [path, options] of Object.entries(policies)) {
  app.use(`/${path}`, cors(options));
  app.get(`/${path}`, (request, response) => response.json({ cart: [] }));
}
// The default would print the stack of each refusal.
app.use((error, request, response, next) => response.status(500).send('Internal Server Error'));
app.listen(process.argv[2]);
