# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of felucca(1) for bash. Only what is fixed: completing must not start the daemon.

_felucca()
{
  local -A options=(
    [sign-in]='--token-stdin'
    [sign-out]='--revoke-credentials'
    [create]='--tenant --internal --label --request-id'
    [get]='--create --tenant --internal'
    [list]='--provider'
    [revoke]='--local-only'
    [status]=''
    [backends]=''
  )
  local verbs='sign-in sign-out create get list revoke status backends'
  local globals='--backend --format --json --no-prompt --quiet --version --help'
  local formats='table password url json env nile-env pgpass conninfo'
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local word verb='' skip='' words

  # In COMP_WORDS --format=url is three words.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ -n $skip ]]; then
      skip=''
    elif [[ $word == --backend || $word == -b || $word == --format || $word == -f ]]; then
      skip=yes
    elif [[ -z $verb && " $verbs " == *" $word "* ]]; then
      verb=$word
    fi
  done

  case $previous in
    --format | -f)
      words=$formats
      [[ -z $verb || $verb == create || $verb == get ]] || words='table json'
      ;;
    --backend | -b | --tenant | -t | --label | -l | --request-id)
      words=''
      ;;
    *)
      words="$globals ${verb:+${options[$verb]}}"
      [[ -n $verb || $current == -* ]] || words=$verbs
      [[ -z $verb || $current == -* ]] || words=''
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _felucca felucca
