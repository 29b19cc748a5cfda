// Answers each request with the paths that servers written for Node.js read in it. Prints the port it listens at, and ends with its
// standard input.
const http = require('http');
const url = require('url');

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return null; // A server that decodes answers 400.
  }
}

http.createServer((request, response) => {
  const readings = { 'Node.js, as it stands': decoded(request.url.split('?')[0]) };
  try {
    readings['Node.js, new URL'] = decoded(new URL(request.url, 'http://shop').pathname);
  } catch {
    // No server reads what is no URL.
  }
  try {
    readings['Node.js, url.parse'] = decoded(url.parse(request.url).pathname);
  } catch {
    // Nor here.
  }
  response.end(JSON.stringify(readings));
}).listen(0, '127.0.0.1', function () {
  console.log(this.address().port);
});

process.stdin.resume();
process.stdin.on('end', () => process.exit());
