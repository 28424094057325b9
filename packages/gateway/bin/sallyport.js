#!/usr/bin/env node
/*
 * The command, in JavaScript that every Node.js can read. It runs the program on a Node.js that is new enough: this one,
 * or the one that the package depends on.
 */
import { spawn } from 'child_process';
import { existsSync, readFileSync } from 'fs';
import { createRequire } from 'module';
import { dirname, join } from 'path';
import { fileURLToPath, pathToFileURL } from 'url';
import { setFlagsFromString } from 'v8';
import { clearEnvironment } from './clear-environment.js';

var here = dirname(fileURLToPath(import.meta.url));
var BUILT = join(here, '..', 'dist', 'main.js');
var SOURCE = join(here, '..', 'src', 'main.ts');
var CONDITION = '--conditions=sallyport-source';

/* The same as `engines` in package.json: ^22.22.2 || ^24.15.0 || >=26 */
function isNewEnough(version) {
  var parts = version.replace(/^v/, '').split('.').map(Number);
  var atLeast = function (minor, patch) {
    return parts[1] > minor || (parts[1] === minor && parts[2] >= patch);
  };
  return parts[0] >= 26 || (parts[0] === 24 && atLeast(15, 0)) || (parts[0] === 22 && atLeast(22, 2));
}

function bundledNode() {
  var require = createRequire(import.meta.url);
  var prefixes = ['node-bin-', 'node-'];
  var file = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node';
  var platform = process.platform === 'win32' ? 'win' : process.platform;
  for (var i = 0; i < prefixes.length; i++) {
    try {
      var found = join(dirname(require.resolve(prefixes[i] + platform + '-' + process.arch + '/package.json')), file);
      if (existsSync(found)) return found;
    } catch (error) {
      /* Not installed under this name. */
    }
  }
  return undefined;
}

/*
 * Replaces this process with the other Node.js where the platform can, which keeps process id and signals. Elsewhere it
 * runs the other Node.js as a child.
 */
function replaceProcess(node, args) {
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(node, [node].concat(args), process.env);
    return;
  }
  var child = spawn(node, args, { stdio: 'inherit' });
  clearEnvironment();
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal);
    });
  });
  child.on('error', function (error) {
    fail(node + ' cannot be started: ' + error.message);
  });
  child.on('exit', function (code, signal) {
    process.exitCode = code === null ? 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] || 1) : code;
  });
}

function fail(sentence) {
  process.stderr.write('sallyport: ' + sentence + '\n');
  process.exitCode = 1;
}

function required() {
  return JSON.parse(readFileSync(join(here, '..', 'package.json'), 'utf8')).engines.node;
}

/* L9: until the program handles these signals itself, nothing is open that must be closed. */
function endEarly() {
  if (['start', 'stdio'].indexOf(process.argv[2]) === -1) return;
  ['SIGINT', 'SIGTERM'].forEach(function (signal) {
    process.on(signal, function () {
      if (process.listenerCount(signal) === 1) process.exit(0);
    });
  });
  /* Nothing was read yet that could be read again; only a terminal that closes ends `stdio`. */
  if (process.argv[2] === 'start') process.on('SIGHUP', function () {});
}

/*
 * L5: a command that reads a million records keeps few of them. The engine would let garbage grow to 32 MiB and more. It
 * has to be told before the program is loaded.
 */
function keepHeapSmall() {
  if (process.argv.indexOf('audit') !== -1) setFlagsFromString('--optimize-for-size');
}

function start() {
  endEarly();
  keepHeapSmall();
  var built = existsSync(BUILT);
  if (!built && !existsSync(SOURCE)) return fail('the package is not complete: ' + BUILT + ' is missing');
  var conditioned = built || process.execArgv.indexOf(CONDITION) !== -1;
  if (isNewEnough(process.version) && conditioned) {
    clearEnvironment();
    return import(pathToFileURL(built ? BUILT : SOURCE).href)
      .then(function (program) {
        return program.main(process.argv.slice(2));
      })
      .catch(function (error) {
        fail(error && error.message ? error.message : String(error));
      });
  }
  var node = isNewEnough(process.version) ? process.execPath : bundledNode();
  if (node === undefined) {
    return fail(
      'needs Node.js ' +
        required() +
        ', and this is ' +
        process.version +
        '. Install a newer Node.js, or install sallyport with its optional dependencies, which bring one.',
    );
  }
  return replaceProcess(
    node,
    (built ? [] : [CONDITION]).concat([fileURLToPath(import.meta.url)], process.argv.slice(2)),
  );
}

start();
