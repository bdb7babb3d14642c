import jsonServer from 'json-server';

// By its module: its own command takes no port of the system's choice. `serve-json.mjs DB_FILE` prints the port.
const app = jsonServer.create();
app.use(jsonServer.defaults({ logger: false, readOnly: true }));
app.use(jsonServer.router(process.argv[2]));
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`port ${server.address().port}\n`));
