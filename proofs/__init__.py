"""What is proven of the hardware, for every input: each file a specification and its broken twins.

python -m proofs            all of them, as a table
python -m proofs queue      those whose name begins so
"""
