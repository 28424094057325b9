/** The client of `sallyport login` where no other is named, and at the authorization server of the demo. */
export const COMMAND_LINE_CLIENT = 'sallyport-cli';
