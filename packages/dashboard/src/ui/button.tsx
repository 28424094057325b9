import type { ButtonHTMLAttributes, ReactNode } from 'react';
import styles from './button.module.css';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: 'primary' | 'plain' | 'danger' | 'quiet';
  /** An icon without a visible text; the label is for screen readers and as a tooltip. */
  readonly label?: string;
}

export const buttonClass = (look: ButtonProps['look'] = 'plain', iconOnly = false): string =>
  [styles['button'], styles[look], iconOnly ? styles['icon'] : ''].join(' ');

export function Button({ look = 'plain', label, className, ...rest }: ButtonProps): ReactNode {
  return (
    <button
      type="button"
      {...rest}
      {...(label !== undefined && { 'aria-label': label, title: label })}
      className={`${buttonClass(look, label !== undefined)} ${className ?? ''}`}
    />
  );
}
