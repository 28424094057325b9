/**
 * The program as a process of its own, from source: what a test starts when it needs signals, logs or standard input.
 */
import { main } from 'sallyport';

await main(process.argv.slice(2));
