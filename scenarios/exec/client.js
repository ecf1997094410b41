// SPDX-License-Identifier: MIT
// client.js URL CA: one GET over HTTP/2; ends with 1 unless the status is 200.
const fs = require('fs');
const http2 = require('http2');

const url = new URL(process.argv[2]);
const session = http2.connect(url.origin, { ca: fs.readFileSync(process.argv[3]) });
session.on('error', (error) => { console.error(error); process.exitCode = 1; });
const request = session.request({ ':path': url.pathname + url.search });
request.on('response', (headers) => { process.exitCode = headers[':status'] === 200 ? 0 : 1; });
request.on('error', (error) => { console.error(error); process.exitCode = 1; });
request.on('close', () => session.close());
request.resume();
request.end();
