"""What is measured on trained models; each study's records are drawn, printed and kept."""
