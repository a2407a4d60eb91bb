import type { ComponentChildren } from 'preact'

/** Decorative: the element around an icon has a name of its own. */
function Icon({ children }: { readonly children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  )
}

export const MenuIcon = () => (
  <Icon>
    <path d="M3 5.5h14M3 10h14M3 14.5h14" />
  </Icon>
)

export const SearchIcon = () => (
  <Icon>
    <circle cx="8.5" cy="8.5" r="5" />
    <path d="m12.5 12.5 4.5 4.5" />
  </Icon>
)

export const SettingsIcon = () => (
  <Icon>
    <path d="M3 6h7m4 0h3M3 14h3m4 0h7" />
    <circle cx="12" cy="6" r="2" />
    <circle cx="8" cy="14" r="2" />
  </Icon>
)

export const CloseIcon = () => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
)

export const SendIcon = () => (
  <Icon>
    <path d="M3.5 10 17 3.5 13 17l-3-5.5L3.5 10ZM10 11.5 17 3.5" />
  </Icon>
)

export const ReplyIcon = () => (
  <Icon>
    <path d="M8 4.5 3.5 9 8 13.5M4 9h6.5c3 0 5.5 2 5.5 6" />
  </Icon>
)

export const CopyIcon = () => (
  <Icon>
    <path d="M7 7h9v9H7zM4 13V4h9" />
  </Icon>
)

export const EditIcon = () => (
  <Icon>
    <path d="m12.5 4.5 3 3L7 16H4v-3z" />
  </Icon>
)

export const DownIcon = () => (
  <Icon>
    <path d="M10 4v12m-5-5 5 5 5-5" />
  </Icon>
)

export const PlusIcon = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
)

export const FileIcon = () => (
  <Icon>
    <path d="m15.5 9.5-5.6 5.6a3.4 3.4 0 0 1-4.8-4.8l6-6a2.3 2.3 0 0 1 3.2 3.2l-6 6a1.1 1.1 0 0 1-1.6-1.6l5.2-5.2" />
  </Icon>
)

export const FolderIcon = () => (
  <Icon>
    <path d="M3 15.5v-11h5l1.5 2H17v9z" />
  </Icon>
)

export const TextIcon = () => (
  <Icon>
    <path d="M5 3h7l3 3v11H5zM8 9h4M8 12h4" />
  </Icon>
)

export const ClockIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="7" />
    <path d="M10 6v4l3 2" />
  </Icon>
)

export const RemoveIcon = () => (
  <Icon>
    <path d="M4 6h12M8 6V4h4v2m-6 0v10h8V6" />
  </Icon>
)
